from setuptools import find_packages, setup

package_name = 'rosidl_runtime_py'

setup(
    name=package_name,
    version='0.13.1',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='vla maintainers',
    maintainer_email='maintainers@example.com',
    description='ROS interfaces by name, and messages as YAML, dictionaries and CSV.',
    license='Apache-2.0',
)
